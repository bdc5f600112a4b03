ls images | head -1 | sed 's/\.[^.]*$//' > ids.txt
skyburst library remove library --from ids.txt --yes
skyburst library inspect library --verify
skyburst library remove library --purge-removed --yes
