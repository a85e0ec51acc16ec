from collections import Counter

from unidecode import unidecode


def bigrams(text: str) -> Counter[str]:
    """Pairs of neighbouring letters, blanks marking where words begin and end."""
    words = unidecode(text).lower().split()
    letters = ("".join(c for c in word if c.isalpha()) for word in words)
    padded = [f" {word} " for word in letters if word]
    return Counter(word[i : i + 2] for word in padded for i in range(len(word) - 1))
