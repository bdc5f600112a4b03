skyburst run --spec job.json --json ball.json
