skyburst run peaks --output results
