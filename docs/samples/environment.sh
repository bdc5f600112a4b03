export SKYBURST_HOME=$HOME/skyburst-jobs
export SKYBURST_WORKERS=2
skyburst doctor
