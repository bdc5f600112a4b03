skyburst run color-depth-search \
    --set mask=mask.tif --set mask=other_mask.tif \
    --set negative_mask=not_this.tif \
    --set library=library \
    --set mask_threshold=20 --set data_threshold=20 --set pix_color_fluctuation=1 --set xy_shift=4 \
    --set max_results_per_mask=50 \
    --set label_boxes='[[0, 0, 330, 100], [-270, 0, null, 90]]' \
    --output results
