# accessdir, errorlog and cleanup, as scripts of NeuroCAAS analyses call them. To be sourced: `source workflow.sh`.

. "$SKYBURST_BIN/ncap_utils/paths.sh"

# accessdir FOLDER...: make folders for data, config and results.
accessdir () {
    for skyburst_each in "$@"; do
        mkdir -p "$(skyburst_folder "$skyburst_each")" || return
    done
}

# The engine records what is written, and how the command ends, so these have nothing left to do. Scripts run the background
# one with &, and end it by its number.
errorlog () { :; }
errorlog_init () { :; }
errorlog_final () { :; }
errorlog_background () {
    while :; do
        sleep 10
    done
}

# The config and the marker of an update, among the results.
cleanup () {
    neurocaas-contrib workflow cleanup
}
