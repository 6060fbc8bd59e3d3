"""Where photos of receipts lie: a folder, or any store that fsspec reaches; always sealed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from warehouse.errors import ActionableError
from warehouse.sealing import Seal

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

    from warehouse.settings import Settings

_ID_LENGTH = 36


class ImageGoneError(ActionableError, LookupError):
    """The photo was deleted, or its store is another one."""


class StoreUnusableError(ActionableError):
    """The store does not take a photo: it is full, closed to us, or not there."""


@dataclass(frozen=True, slots=True)
class ReceiptStore:
    """Photos by key. A key names user and image, and the seal holds it, so none passes for another."""

    address: str
    seal: Seal

    @classmethod
    def of(cls, settings: Settings) -> ReceiptStore:
        """The store that the settings name, else a folder below the data folder."""
        address = settings.receipt_store or str(settings.folder("receipts"))
        return cls(address.rstrip("/"), Seal.of(settings, "receipts"))

    def put(self, user_id: UUID, image_id: UUID, content: bytes) -> str:
        """Keep a photo and give its key; the same image again takes the place of the former.

        Raises StoreUnusableError, and then keeps nothing.
        """
        key = f"{user_id}/{image_id}"
        system, path = self._place(key)
        part = f"{path}.part"  # until all of it is there: a reader sees the whole photo or none
        try:
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.pipe_file(part, self.seal.seal(content, key))
            system.mv(part, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                system.rm_file(part)
            why = error.strerror or str(error) or type(error).__name__
            message = f"{self.address}: {why}: the photo is not kept; make room or set MITA_RECEIPT_STORE"
            raise StoreUnusableError(message) from error
        return key

    def get(self, key: str) -> bytes:
        """The photo; raises ImageGoneError or BrokenSealError."""
        system, path = self._place(key)
        try:
            return self.seal.unseal(bytes(system.cat_file(path)), key)
        except FileNotFoundError as error:
            message = f"the photo {key} is no longer there: send it again"
            raise ImageGoneError(message) from error

    def delete(self, key: str) -> None:
        """Remove a photo; nothing happens when there is none."""
        system, path = self._place(key)
        if system.exists(path):
            system.rm_file(path)

    def delete_user(self, user_id: UUID) -> None:
        """Remove all photos of a user."""
        system, path = self._place(str(user_id))
        if system.exists(path):
            system.rm(path, recursive=True)

    def owners(self) -> list[str]:
        """The ids of the users whose photos lie here."""
        system, root = self._place("")
        names = (str(path).rstrip("/").rpartition("/")[2] for path in system.ls(root, detail=False))
        return sorted(name for name in names if len(name) == _ID_LENGTH)

    def _place(self, key: str) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415

        system, root = url_to_fs(self.address)
        return system, f"{root}/{key}"
