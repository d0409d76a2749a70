//! The findings of a check of the audit log.

use uuid::Uuid;

/// Something in the audit log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A block number is missing or comes twice.
    #[error("block {expected} is missing: block {found} is in its place")]
    BlockMissing {
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A block does not name the hash of the one before it.
    #[error("block {number} does not follow from the block before it")]
    LinkBroken {
        /// The block.
        number: i64,
    },
    /// A block or its events are not those that were sealed.
    #[error("block {number} (events {first_id} to {last_id}) was changed after it was sealed")]
    BlockChanged {
        /// The block.
        number: i64,
        /// The id of its first event.
        first_id: i64,
        /// The id of its last event.
        last_id: i64,
    },
    /// An event is before the end of the last block but in no block.
    #[error("event {id} was inserted into events that were already sealed")]
    EventInserted {
        /// The event.
        id: i64,
    },
    /// The numbers of a stream have a gap or a repeat.
    #[error("stream {stream} has number {found} at event {id} instead of {expected}")]
    CountBroken {
        /// The stream.
        stream: Uuid,
        /// The event.
        id: i64,
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// The last number of a stream is not that of its counter.
    #[error("stream {stream} ends at {found}, but its counter is at {expected}")]
    EndCut {
        /// The stream.
        stream: Uuid,
        /// The counter.
        expected: i64,
        /// The last number of the stream.
        found: i64,
    },
    /// A witnessed block is gone or has another hash.
    #[error("block {number} is not the one that was witnessed")]
    WitnessDiffers {
        /// The block.
        number: i64,
    },
}
