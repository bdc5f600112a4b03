"""Certificates as people and programs read them: checked, shown, compared with what there is now."""
