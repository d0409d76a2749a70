//! Caches the days that caseloads read, until a participant's record changes.

use std::sync::Arc;

use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::trend::RecentDays;
use evenkeel_domain::value::Day;
use evenkeel_persistence::Tx;
use evenkeel_persistence::caseload::{self, Member};

use super::problem::Problem;

/// A caseload reads about 20 days of each participant, and most have not changed since the last read. Each change of a
/// record raises its version in the same transaction, whichever copy of the server makes it.
pub struct RecentDaysCache(moka::sync::Cache<ParticipantId, (i64, Arc<RecentDays>)>);

impl Default for RecentDaysCache {
    /// Room for 10,000 participants, about 6 MB.
    fn default() -> Self {
        Self(moka::sync::Cache::new(10_000))
    }
}

impl RecentDaysCache {
    /// The days from `since` on, in the order of `members`.
    pub fn read(&self, tx: &mut Tx, members: &[Member], since: Day) -> Result<Vec<Arc<RecentDays>>, Problem> {
        let known: Vec<_> = members
            .iter()
            .map(|member| self.0.get(&member.participant).filter(|(version, _)| *version == member.version))
            .collect();
        let changed: Vec<&Member> = members
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(member, _)| member)
            .collect();
        let mut found = if changed.is_empty() {
            std::collections::HashMap::new()
        } else {
            caseload::recent_days(tx, &changed, since)?
        };
        let days = members.iter().zip(known).map(|(member, known)| {
            if let Some((_, days)) = known {
                return days;
            }
            let days = Arc::new(found.remove(&member.participant).unwrap_or_default());
            self.0.insert(member.participant, (member.version, Arc::clone(&days)));
            days
        });
        Ok(days.collect())
    }
}
