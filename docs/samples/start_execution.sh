# JOB_MACHINE is an output of the deployment; `input` is the job specification as text.
curl --silent --show-error --fail --aws-sigv4 "aws:amz:$AWS_REGION:states" \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  --header "Content-Type: application/x-amz-json-1.0" \
  --header "X-Amz-Target: AWSStepFunctions.StartExecution" \
  --data "{\"stateMachineArn\": \"$JOB_MACHINE\", \"input\": \"{\\\"analysis\\\": \\\"monte-carlo\\\"}\"}" \
  "${AWS_ENDPOINT_URL:-https://states.$AWS_REGION.amazonaws.com}/"
