set -e
for file in "$SKYBURST_INPUTS"/*; do
  if grep -q bad "$file"; then echo "told to fail" >&2; exit 3; fi
  tr ' ' '\n' < "$file" > "$SKYBURST_RESULTS/words.txt"
done
