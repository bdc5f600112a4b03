#!/bin/bash
# As NeuroCAAS's run_main_cli.sh: bucket, dataset, result folder, config, script.
set -- "contrib" "lab/inputs/data.txt" "results/job__contrib_17" "lab/configs/config.json" "run_analysis.sh"

neurocaas-contrib workflow initialize-job -p "$HOME/contribdata"
neurocaas-contrib workflow register-dataset -b "$1" -k "$2"
neurocaas-contrib workflow register-config -b "$1" -k "$4"
neurocaas-contrib workflow register-resultpath -b "$1" -k "$3"
neurocaas-contrib workflow log-command -b "$1" -c "bash $SKYBURST_ANALYSIS/$5" -r "$3"
code=$?
neurocaas-contrib workflow cleanup
exit $code
