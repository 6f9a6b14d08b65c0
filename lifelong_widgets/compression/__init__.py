"""Floor 3: smaller copies for serving, each with a report of what it costs (so far: row-wise int8)."""

from lifelong_widgets.compression.report import CompressionReport
from lifelong_widgets.compression.serving import CompressedRecommender, compress

__all__ = ["CompressedRecommender", "CompressionReport", "compress"]
