#!/bin/bash
# An analysis script of NeuroCAAS's older style. Its first lines were: execpath="$0"; scriptpath="$(dirname "$execpath")/ncap_utils"
scriptpath="$(dirname "$(command -v workflow.sh)")"

source "$scriptpath/workflow.sh"
source "$scriptpath/transfer.sh"

## Set up error logging.
errorlog
errorlog_background & background_pid=$!

## Declare and make local storage locations:
datastore="ncapdata/localdata"
configstore="ncapdata/localconfig"
outstore="ncapdata/localout"
accessdir "$userhome/$datastore" "$userhome/$configstore" "$userhome/$outstore"

## Stereotyped download scripts:
download "$inputpath" "$bucketname" "$datastore"
download "$configpath" "$bucketname" "$configstore"

## The analysis:
cd "$userhome"
scale=$(sed -n 's/.*"scale": *\([0-9]*\).*/\1/p' "$configstore/$configname")
awk -v scale="$scale" '{ print $1 * scale }' "$datastore/$dataname" > "$outstore/scaled_$dataname"
echo "a film" > "$outstore/film.mp4"
printf '%s\n' "$bucketname" "$groupdir" "$resultdir" "$processdir" "$dataname" "$configname" > "$outstore/names.txt"

## Stereotyped upload script for the data:
upload "$outstore" "$bucketname" "$groupdir" "$resultdir" "mp4"

kill "$background_pid"
errorlog_final
cleanup
