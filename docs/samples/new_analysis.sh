skyburst new bright-stars
skyburst show bright-stars
skyburst run bright-stars --set numbers=2000 --output results
python -m pytest bright_stars
