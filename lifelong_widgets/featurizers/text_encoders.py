"""Networks that read the words of a text, to be learned together with whoever reads their rows."""

from __future__ import annotations

from abc import abstractmethod

import torch

_WORD_DIM = 24


class TextEncoder(torch.nn.Module):
    """Numbers of words to a row: an embedding of each word, and what the subclass makes of their sequence.

    Args:
        n_words: how many numbers of words there are; 0 is padding.
        width: of the rows.
    """

    def __init__(self, n_words: int, width: int) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(n_words, _WORD_DIM, padding_idx=0)
        self.n_words, self.width = n_words, width

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """The rows, (n, width), each of length 1, or of zeros where there is no word.

        Args:
            numbers: (n, length), int64, the words of each text from the left, then padding.
        """
        there = numbers != 0
        rows = torch.nn.functional.normalize(self.read(self.words(numbers), there), dim=1)
        return rows * there.any(1, keepdim=True)

    @abstractmethod
    def read(self, vectors: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """(n, width) of the words' vectors, (n, length, word_dim), where `there`, (n, length), is True."""

    def reset(self, seed: int) -> TextEncoder:
        """Take the first values, which depend on the seed alone; returns itself."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.ndim == 1:
                    parameter.zero_()
                elif name == "words.weight":
                    parameter.normal_(generator=generator)
                    parameter[0] = 0.0
                else:
                    bound = (3 / parameter[0].numel()) ** 0.5
                    parameter.uniform_(-bound, bound, generator=generator)
        return self


class TextCNN(TextEncoder):
    """Convolutions over two, three and four words, the strongest answer of each filter, and a dense layer.

    Kim (2014), "Convolutional neural networks for sentence classification".

    Example:
        >>> encoder = TextCNN(n_words=9, width=4).reset(seed=0)
        >>> encoder(torch.tensor([[2, 3, 0], [0, 0, 0]])).norm(dim=1).round(decimals=3).tolist()
        [1.0, 0.0]
    """

    def __init__(self, n_words: int, width: int) -> None:
        super().__init__(n_words, width)
        self.filters = torch.nn.ModuleList(
            torch.nn.Conv1d(_WORD_DIM, width, size, padding=size - 1) for size in (2, 3, 4)
        )
        self.dense = torch.nn.Linear(3 * width, width)

    def read(self, vectors: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """See `TextEncoder.read`."""
        columns = vectors.transpose(1, 2)
        # where a window lies beyond the last word, it reads padding alone and says 0
        strongest = [torch.relu(filter(columns)).amax(dim=2) for filter in self.filters]
        read: torch.Tensor = self.dense(torch.cat(strongest, dim=1))
        return read


class _TextRNN(TextEncoder):
    cell: type[torch.nn.LSTM] | type[torch.nn.GRU]

    def __init__(self, n_words: int, width: int) -> None:
        super().__init__(n_words, width)
        self.recurrent = self.cell(_WORD_DIM, width, batch_first=True)

    def read(self, vectors: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """See `TextEncoder.read`."""
        states = self.recurrent(vectors)[0]
        last = (there.sum(1) - 1).clamp(min=0)
        read: torch.Tensor = states[torch.arange(len(states)), last]
        return read


class TextLSTM(_TextRNN):
    """The state of an LSTM after the last word.

    Hochreiter and Schmidhuber (1997), "Long short-term memory".
    """

    cell = torch.nn.LSTM


class TextGRU(_TextRNN):
    """The state of a GRU after the last word.

    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder".
    """

    cell = torch.nn.GRU
