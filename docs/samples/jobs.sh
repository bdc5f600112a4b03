JOB=$(skyburst run monte-carlo --set blocks=400 --detach)
skyburst watch $JOB --quiet
skyburst status $JOB
skyburst logs $JOB
skyburst result $JOB --json
skyburst certificate $JOB > certificate.json
skyburst rerun certificate.json --quiet
