skyburst library index library
skyburst run color-depth-search --set mask=mask.tif --set library=library --output results
