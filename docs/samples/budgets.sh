skyburst budget set --group lab1 --monthly 200
skyburst budget set --group lab1 --user anna 40
skyburst run monte-carlo --group lab1 --user anna --quiet
skyburst budget show
