skyburst cost compare hardwarecost.yaml
skyburst cost compare hardwarecost.yaml --year 1 --year 5 --json > costs.json
skyburst cost compare own_analysis.yaml --picture costs.png
