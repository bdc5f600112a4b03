import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";

const job = { analysis: "monte-carlo", parameters: { blocks: 40, points_per_block: 1000 } };
const command = new StartExecutionCommand({
  stateMachineArn: process.env.JOB_MACHINE, // an output of the deployment
  input: JSON.stringify(job),
});
const started = await new SFNClient({}).send(command);
console.log(started.executionArn);
