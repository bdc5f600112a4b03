skyburst run peaks --output results
cat results/result.json
