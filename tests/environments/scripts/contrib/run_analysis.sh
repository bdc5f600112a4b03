#!/bin/bash
set -e
userhome="$HOME"
datastore="ncapdata/localdata"
configstore="ncapdata/localconfig"
outstore="$userhome/ncapdata/process_results"

neurocaas-contrib workflow get-data -f -o $userhome/$datastore/
neurocaas-contrib workflow get-config -f -o $userhome/$configstore/

datapath=$(neurocaas-contrib workflow get-datapath)
configpath=$(neurocaas-contrib workflow get-configpath)
dataname=$(neurocaas-contrib workflow get-dataname)
configname=$(neurocaas-contrib workflow get-configname)
echo "----DATA DOWNLOADED: $datapath. PARSING PARAMETERS.----"

scale=$(neurocaas-contrib scripting read-yaml -p "$configpath" -f scale)
offset=$(neurocaas-contrib scripting read-yaml -p "$configpath" -f offset -d 1)
mkdir -p "$outstore"
awk -v scale="$scale" -v offset="$offset" '{ print $1 * scale + offset }' "$datapath" > "$outstore/scaled_$dataname"
printf '%s\n' "$dataname" "$configname" "$(neurocaas-contrib workflow get-group)" > "$userhome/names.txt"

neurocaas-contrib workflow put-result -r "$userhome/names.txt"
aws s3 sync "$outstore" "$(dirname "$(neurocaas-contrib workflow get-resultpath -l "$outstore/scaled_$dataname")")"
