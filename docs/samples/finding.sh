SKYBURST_PATH=/shared/analyses:$HOME/analyses skyburst analyses
