"""Failures, named by the stable reasons of docs/PROTOCOL.md, section Errors."""

from __future__ import annotations


class Refused(Exception):
    """Something is not as the protocol wants it.

    `reason` is a stable word. `code` says how a node told it, when one did: the name of a gRPC status such as
    `UNAUTHENTICATED`, the number of a close frame such as `4401`, or `answer` for an error inside an answer.
    `error_class` is the class of the error, where the front end says it.
    """

    def __init__(self, reason: str, detail: str = "", *, code: str = "", error_class: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.code = code
        self.error_class = error_class


# A connection that ended without a word: nobody knows what became of what was under way.
CUT_OFF = "cut_off"

# The class of each reason, which decides the codes on each front end.
CLASSES = {
    reason: name
    for name, reasons in {
        "malformed": (
            "unknown_field reserved_field repeated_field misordered_field non_minimal_varint default_written "
            "wrong_wire_type truncated value_too_large wrong_length not_utf8 missing_field bad_value undecodable "
            "unknown_version unknown_kind channel_misplaced key_id_misplaced zero_timestamp self_named link_misplaced "
            "bad_link certification_missing certification_not_wanted certification_of_other_issue certified_too_early "
            "channel_id_mismatch opener_listed not_ascending set_and_removed wrap_for_stranger changes_nothing "
            "ciphertext_too_short "
            "content_misplaced content_mixed reply_to_misplaced not_one_query other_query request_submitted "
            "not_a_request text_frame not_one_field id_in_use unsubscribed websocket_protocol same_operation "
            "other_user other_key other_place not_an_equivocation not_two_operations other_text"
        ),
        "too_large": (
            "too_long too_many operation_too_large transaction_too_large recipient_count too_large answer_too_large "
            "frame_too_large batch_items batch_bytes"
        ),
        "unauthentic": (
            "small_order_signing_key small_order_encryption_key bad_signature key_not_current bad_encryption_key "
            "bad_secret_key"
        ),
        "cannot_unseal": (
            "not_age armored scrypt_stanza ssh_stanza post_quantum_stanza foreign_stanza not_sealed_to_this_key "
            "tampered_seal bad_recipient wrap_mismatch key_id_mismatch other_epoch not_a_message"
        ),
        "seal_required": "seal_required",
        "stale_request": "other_node request_expired request_ahead request_before_start request_replayed reset",
        "permission_denied": "unknown_user user_inactive permission_missing not_a_member right_missing",
        "not_found": "unknown_channel no_subscription",
        "overloaded": (
            "overloaded quota too_many_requests too_many_sessions too_many_subscriptions slow_subscriber silence gone"
        ),
        "stale": "stale_epoch",
    }.items()
    for reason in reasons.split()
}
