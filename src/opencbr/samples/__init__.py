"""From a request to the programs that send it: one source text a language, made by rule, credentials from the environment."""

from opencbr.samples.call import Call, Missing, Sample
from opencbr.samples.languages import missing_of, samples_of

__all__ = ["Call", "Missing", "Sample", "missing_of", "samples_of"]
