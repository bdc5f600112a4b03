skyburst serve --port 0 > address.txt &
trap "kill $!" EXIT
until grep -q open address.txt; do sleep 0.2; done
python api.py "$(cut -d ' ' -f 2 address.txt)"
