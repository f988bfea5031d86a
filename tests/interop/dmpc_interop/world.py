"""Random operations of a few people who agree about little: permissions, rotations, late and forbidden acts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from dmpc.v1 import operation_pb2 as op

from . import domains, kinds
from .hlc import COUNTER_BITS
from .identity import Identity
from .keys import DecryptionKey, SigningKey
from .operation import Draft, Operation
from .permissions import PERMISSION_BITS, RIGHT_BITS, Permission
from .signer import Signer

# So close together that timestamps are often equal.
_SPAN = 400
_STEP = 1 << COUNTER_BITS - 8


@dataclass(frozen=True)
class _Channel:
    """A channel that somebody meant to open."""

    id: bytes
    opened_at: int
    members: list[bytes]
    epochs: list[bytes]


class World:
    """People, channels and epochs; everything from one source of randomness but lanes and nonces."""

    def __init__(self, draw: Random, root: Identity, start: int) -> None:
        self._draw = draw
        self._start = start
        self._people = [root, *(self._somebody() for _ in range(5))]
        # Everybody's present and former keys.
        self._keys = {one.user: [one] for one in self._people}
        self._channels: list[_Channel] = []
        self._signers: dict[tuple[bytes, bytes], Signer] = {}
        self._made: list[Operation] = []

    def play(self, count: int) -> list[Operation]:
        """So many operations and a few more, in no order."""
        root = self._people[0]
        for place, subject in enumerate(self._people[1:]):
            payload = kinds.user_create(subject, self._permissions() | Permission.CHANNEL_ADD, f"person {place}")
            self._act(Draft(op.KIND_USER_CREATE, payload), root, self._start + place + 1, honest=True)
        for opener in self._people[:3]:
            self._open_by(opener)
        while len(self._made) < count:
            self._pick(
                (2, self._create),
                (4, self._update),
                (1, self._open),
                (4, self._change),
                (3, self._epoch),
                (18, self._message),
                (0.3, self._close),
            )()
        return self._made

    def _pick(self, *choices: tuple[float, Callable[[], None]]) -> Callable[[], None]:
        weights, acts = [weight for weight, _ in choices], [act for _, act in choices]
        (act,) = self._draw.choices(acts, weights)
        return act

    # --- Who and when

    def _somebody(self) -> Identity:
        return Identity.of(SigningKey(self._draw.randbytes(32)), DecryptionKey(self._draw.randbytes(32)))

    def _anybody(self, among: Sequence[bytes] = ()) -> Identity:
        """One of the people, mostly one of these, with one of the keys that it ever had."""
        some = among and self._draw.random() < 0.85
        keys = self._keys[self._draw.choice(among) if some else self._draw.choice(self._people).user]
        return self._draw.choice(keys)

    def _permissions(self) -> int:
        return self._draw.getrandbits(8) & self._draw.getrandbits(8) & PERMISSION_BITS

    def _time(self, after: int = 0) -> int:
        """Some time, mostly after another."""
        time = self._start + self._draw.randrange(1, _SPAN) * _STEP
        return time if self._draw.random() < 0.1 else max(time, after + self._draw.randrange(3) * _STEP)

    def _signer(self, identity: Identity) -> Signer:
        return self._signers.setdefault((identity.user, identity.signing.public), Signer(identity))

    def _act(
        self, draft: Draft, issuer: Identity | None = None, at: int | None = None, *, honest: bool = False
    ) -> None:
        """Somebody issues; mostly it certifies too, sometimes another does, now and then twice."""
        issuer, at = issuer or self._anybody(), at or self._time()
        if honest or self._draw.random() < 0.6:
            self._made.append(self._signer(issuer).sign(draft, at))
            return
        certifier = self._anybody()
        if certifier.user == issuer.user:
            self._made.append(self._signer(issuer).sign(draft, at))
            return
        issued = self._signer(issuer).issue(draft, certifier.user, at)
        for _ in range(2 if self._draw.random() < 0.2 else 1):
            later = at + self._draw.choice((0, 0, 1, 1 << 12))
            self._made.append(self._signer(certifier).certify(issued, later))

    # --- What

    def _create(self) -> None:
        subject = self._keys[self._draw.choice(self._people).user][0]
        if self._draw.random() < 0.2:
            subject = self._somebody()
            self._people.append(subject)
            self._keys[subject.user] = [subject]
        payload = kinds.user_create(subject, self._permissions(), self._draw.choice(("", "name", "another name")))
        self._act(Draft(op.KIND_USER_CREATE, payload), subject if self._draw.random() < 0.3 else None)

    def _update(self) -> None:
        # The root stays as it is, else nobody could do much.
        identity = self._anybody()
        subject = identity if self._draw.random() < 0.4 else self._draw.choice(self._people)
        if subject.user == identity.user == self._people[0].user:
            return
        next_keys = Identity(
            subject.user, SigningKey(self._draw.randbytes(32)), DecryptionKey(self._draw.randbytes(32))
        )
        grant = self._permissions()
        changes: dict[str, Any] = {
            "active": self._draw.random() < 0.6,
            "encryption_key": next_keys.encryption.public,
            "signing_key": next_keys.signing,
            "grant": grant,
            "revoke": self._permissions() & ~grant,
            "display_name": self._draw.choice(("", "renamed")),
        }
        weights = {"active": 2, "encryption_key": 1, "signing_key": 1, "grant": 4, "revoke": 2, "display_name": 2}
        names = set(self._draw.choices(list(weights), list(weights.values()), k=self._draw.choice((1, 1, 2))))
        # Permissions may come out as none, which is no change.
        written = {name: changes[name] for name in names if changes[name] != 0 or name == "active"}
        payload = kinds.user_update(subject.user, **(written or {"active": True}))
        if "signing_key" in names:
            self._keys[subject.user].append(next_keys)
        self._act(Draft(op.KIND_USER_UPDATE, payload), identity)

    def _open(self) -> None:
        self._open_by(self._anybody())

    def _open_by(self, opener: Identity) -> None:
        key, at = self._draw.randbytes(32), self._time()
        members = {one.user: self._rights() for one in self._draw.sample(self._people, 3)}
        members.pop(opener.user, None)
        genesis = kinds.channel_genesis(self._draw.choice(("", "tea")), members, key)
        channel = domains.channel_id(opener.user, genesis)
        self._channels.append(_Channel(channel, at, [opener.user, *members], [domains.key_id(key)]))
        for _ in range(self._draw.choice((1, 1, 2))):
            self._act(Draft(op.KIND_CHANNEL_OPEN, kinds.channel_open(genesis, []), channel), opener, at)

    def _rights(self) -> int:
        return self._draw.randrange(1, RIGHT_BITS + 1)

    def _change(self) -> None:
        channel = self._draw.choice(self._channels)
        actor = self._anybody(channel.members)
        if self._draw.random() < 0.2:
            payload = kinds.channel_members({}, [actor.user], {})
        else:
            chosen = [one.user for one in self._draw.sample(self._people, 2)]
            added = chosen[: self._draw.choice((1, 2))]
            payload = kinds.channel_members({user: self._rights() for user in added}, chosen[len(added) :], {})
        self._act(Draft(op.KIND_CHANNEL_MEMBERS, payload, channel.id), actor, self._time(channel.opened_at))

    def _epoch(self) -> None:
        channel = self._draw.choice(self._channels)
        key_id = self._draw.choice(channel.epochs)
        if self._draw.random() < 0.5:
            key_id = domains.key_id(self._draw.randbytes(32))
            channel.epochs.append(key_id)
        payload = kinds.encode(op.KIND_CHANNEL_EPOCH, op.ChannelEpoch(epoch=op.EpochWraps(key_id=key_id)))
        draft = Draft(op.KIND_CHANNEL_EPOCH, payload, channel.id)
        self._act(draft, self._anybody(channel.members), self._time(channel.opened_at))

    def _message(self) -> None:
        channel = self._draw.choice(self._channels)
        payload = kinds.channel_message(self._draw.randbytes(24), self._draw.randbytes(40))
        draft = Draft(op.KIND_CHANNEL_MESSAGE, payload, channel.id, self._draw.choice(channel.epochs))
        self._act(draft, self._anybody(channel.members), self._time(channel.opened_at))

    def _close(self) -> None:
        channel = self._draw.choice(self._channels)
        draft = Draft(op.KIND_CHANNEL_CLOSE, b"", channel.id)
        self._act(draft, self._anybody(channel.members), self._time(channel.opened_at))
