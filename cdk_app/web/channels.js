// Run by AppSync: who may hear which channel. A user hears /jobs/<own id>, and nothing else.
import { util } from "@aws-appsync/utils";

export function onSubscribe(ctx) {
  if (ctx.info.channel.path !== `/jobs/${ctx.identity.sub}`) {
    util.unauthorized();
  }
}
