//! What in a audit log is not as it was written.

use uuid::Uuid;

/// Something in the audit log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A block number is missing or comes twice.
    #[error("block {expected} is missing: block {found} stands in its place")]
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
    /// The entries of a block, or the block itself, are not those that were sealed.
    #[error("block {number} (entries {first_id} to {last_id}) was changed after it was sealed")]
    BlockChanged {
        /// The block.
        number: i64,
        /// Id of its first entry.
        first_id: i64,
        /// Id of its last entry.
        last_id: i64,
    },
    /// An entry lies before the end of the last seal but in no block.
    #[error("entry {id} was put in after its time was sealed")]
    EntryInserted {
        /// The entry.
        id: i64,
    },
    /// A stream does not count on by one.
    #[error("stream {stream} goes on with {found} at entry {id} where {expected} should come")]
    CountBroken {
        /// The stream.
        stream: Uuid,
        /// The entry.
        id: i64,
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A stream ends elsewhere than its counter says.
    #[error("stream {stream} ends at {found}, its counter stands at {expected}")]
    EndCut {
        /// The stream.
        stream: Uuid,
        /// Where the counter stands.
        expected: i64,
        /// Where the stream ends.
        found: i64,
    },
    /// A block that was witnessed is gone or has another hash.
    #[error("block {number} is not the one that was witnessed")]
    WitnessDiffers {
        /// The block.
        number: i64,
    },
}
