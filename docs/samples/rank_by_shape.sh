skyburst library build images library --variants
skyburst run color-depth-search \
    --set mask=mask.tif --set library=library \
    --set mask_threshold=20 --set data_threshold=20 --set min_matching_pix_ratio=1 \
    --set rank_by=shape \
    --output results
