"""Keys of authenticator apps and the seeds of recovery codes, sealed where they are stored."""

from allauth.mfa.adapter import DefaultMFAAdapter

from minigiants.core.sealing import seal, unseal


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """What allauth asks before it stores a second factor's secret, and after it has read one."""

    def encrypt(self, text: str) -> str:
        """`text`, sealed."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed. Raises Unsealable, so that no code is right under a lost key."""
        return unseal(encrypted_text)
