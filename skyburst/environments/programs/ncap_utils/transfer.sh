# download, download_folder and upload, as scripts of NeuroCAAS analyses call them. To be sourced: `source transfer.sh`.

. "$SKYBURST_BIN/ncap_utils/paths.sh"

# download KEY BUCKET FOLDER: one file, into a folder.
download () {
    skyburst_target="$(skyburst_folder "$3")"
    mkdir -p "$skyburst_target" || return
    if [ -d "$SKYBURST_INPUTS/${1##*/}" ]; then
        download_folder "$1" "$2" "$3"
    else
        aws s3 cp "s3://$2/$1" "$skyburst_target/"
    fi
}

# download_folder KEY BUCKET FOLDER: a folder, into a folder of its name.
download_folder () {
    skyburst_key="${1%/}"
    aws s3 cp --recursive "s3://$2/$skyburst_key" "$(skyburst_folder "$3")/${skyburst_key##*/}"
}

# upload FOLDER BUCKET GROUP RESULTDIR [EXTENSION]: what is in a folder to the results, but for files of that extension.
upload () {
    if [ -n "${5:-}" ]; then
        aws s3 sync "$(skyburst_folder "$1")" "s3://$2/$3/$4/process_results" --exclude "*.$5"
    else
        aws s3 sync "$(skyburst_folder "$1")" "s3://$2/$3/$4/process_results"
    fi
}
