"""What users may do on a node, and members in a channel. Section Permissions."""

from __future__ import annotations

from enum import IntFlag


class Permission(IntFlag):
    """A global permission."""

    CHANNEL_ADD = 1
    CHANNEL_READ = 2
    USER_ADD = 4
    USER_READ = 8
    USER_REMOVE = 16
    USER_ENC_KEY_UPDATE = 32
    USER_SIGN_KEY_UPDATE = 64
    USER_PERMISSIONS_UPDATE = 128


class Right(IntFlag):
    """A right in a channel."""

    READ = 1
    WRITE = 2
    CLOSE = 4
    MANAGE = 8


PERMISSION_BITS = 0xFF
RIGHT_BITS = 0x0F
