# Variables that scripts of NeuroCAAS analyses use: bucketname groupdir resultdir processdir dataname inputpath configname
# configpath userhome neurocaasrootdir. To be sourced: `source paths.sh`.

while IFS= read -r skyburst_line; do
    export "$skyburst_line"
done <<SKYBURST_VARIABLES
$(neurocaas-contrib variables)
SKYBURST_VARIABLES
unset skyburst_line
neurocaasrootdir="$SKYBURST_BIN"
export neurocaasrootdir

# A folder as these scripts name it: relative to userhome unless it is absolute.
skyburst_folder () {
    case "$1" in
        /*) printf '%s' "$1" ;;
        *) printf '%s/%s' "$userhome" "$1" ;;
    esac
}
