BUCKET=s3://janelia-flylight-color-depth
NEURONS=JRC2018_Unisex_20x_HR/FlyLight_Split-GAL4_Drivers/searchable_neurons

# What there is: alignment spaces, then the libraries of one of them.
aws s3 ls --no-sign-request $BUCKET/
aws s3 ls --no-sign-request $BUCKET/JRC2018_Unisex_20x_HR/

# How many images a library has, and how much the folders 1 and 2 of 100 images each would be.
aws s3 cp --no-sign-request $BUCKET/$NEURONS/counts_denormalized.json -
aws s3 ls --no-sign-request --recursive --summarize --human-readable $BUCKET/$NEURONS/1/ | tail -n 2

# Fetch them, TIFF images only; what is here already is not fetched again.
for folder in 1 2; do
    aws s3 sync --no-sign-request --exclude '*' --include '*.tif' \
        $BUCKET/$NEURONS/$folder/ public/$NEURONS/$folder/
done

skyburst library build public/$NEURONS split-gal4 --name FlyLight_Split-GAL4_Drivers
skyburst run color-depth-search --set mask=mask.tif --set library=split-gal4 --output results
