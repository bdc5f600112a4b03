set -e
find "$SKYBURST_INPUTS" -name words.txt -exec cat {} + | wc -l | tr -d ' ' > "$SKYBURST_RESULTS/count.txt"
