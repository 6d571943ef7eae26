"""Sections taken out of sale, at once or once their claims have gone."""
