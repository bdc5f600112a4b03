skyburst run color-depth-search --set mask=mask.tif --set library=images --output results
