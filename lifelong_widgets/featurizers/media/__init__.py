"""Pictures and sounds: read with limits, encoded, and missing where they cannot be read."""

from lifelong_widgets.featurizers.media.audio import AudioCNNFeaturizer, AudioGRUFeaturizer
from lifelong_widgets.featurizers.media.efficientnet import EfficientNetFeaturizer
from lifelong_widgets.featurizers.media.image import ColorFeaturizer, ImageCNNFeaturizer
from lifelong_widgets.featurizers.media.pictures import read_picture
from lifelong_widgets.featurizers.media.sounds import read_sound

__all__ = [
    "AudioCNNFeaturizer",
    "AudioGRUFeaturizer",
    "ColorFeaturizer",
    "EfficientNetFeaturizer",
    "ImageCNNFeaturizer",
    "read_picture",
    "read_sound",
]
