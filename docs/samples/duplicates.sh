find photos -type f > files.txt
skyburst run duplicates.py --items @files.txt --json duplicates.json
