//! Questions for the next session: what a participant wants to bring up.
//!
//! The participant writes them on a phone that may be offline. The participant or the counselor marks one as discussed.
//! A question is not corrected: the participant withdraws it and writes another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::AccountId;
use crate::log_entry;
use crate::value::Moment;

id! {
    /// A question for the next session. The phone makes the id; it is unique for the participant.
    QuestionId
}
text! {
    /// What to bring up, in the participant's own words.
    QuestionText: 1 to 500, lines, such as "How do I tell my sister that I skip the wedding toast?"
}

/// A question as the phone sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "written_at": "2026-03-02T18:40:00Z", "text": "How do I tell my sister that I skip the wedding toast?"
}))]
pub struct QuestionDraft {
    /// When it was written, by the phone's clock.
    pub written_at: Moment,
    /// What to bring up.
    pub text: QuestionText,
}

/// Who marked a question as discussed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Discussed {
    /// The participant's or the counselor's account.
    pub by: AccountId,
    /// When the server received it.
    pub at: Moment,
}

/// A question for the next session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "written_at": "2026-03-02T18:40:00Z",
    "text": "How do I tell my sister that I skip the wedding toast?", "received_at": "2026-03-02T21:05:00Z",
    "discussed": { "by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "at": "2026-03-04T15:30:00Z" },
}))]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// When it was written; if the phone's clock was more than 5 minutes ahead, when the server received it.
    pub written_at: Moment,
    /// What to bring up.
    pub text: QuestionText,
    /// When the server first received it.
    pub received_at: Moment,
    /// Who marked it as discussed, and when; missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub discussed: Option<Discussed>,
    /// When it was withdrawn. Nobody is shown one that was.
    #[serde(skip)]
    pub withdrawn_at: Option<Moment>,
}

/// Why a question is not recorded or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was withdrawn.
    #[error(transparent)]
    Withdrawn(#[from] log_entry::Refusal),
    /// The id is in use for another question.
    #[error("this id is already in use for another question; send this under a new id")]
    Different,
}

/// A new question.
pub fn record(id: QuestionId, draft: QuestionDraft, now: Moment) -> Question {
    let QuestionDraft { written_at, text } = draft;
    let written_at = log_entry::EntryTime::new(written_at, now).effective_at();
    Question { id, written_at, text, received_at: now, discussed: None, withdrawn_at: None }
}

/// Whether a question that is sent again under its id has the same content.
pub fn same(question: &Question, again: QuestionDraft) -> Result<(), Refusal> {
    log_entry::not_withdrawn(question.withdrawn_at)?;
    let sent = record(question.id, again, question.received_at);
    if (sent.written_at, &sent.text) == (question.written_at, &question.text) {
        Ok(())
    } else {
        Err(Refusal::Different)
    }
}

/// Marks a question as discussed. If it was marked before, the first time counts.
pub fn discuss(question: &Question, by: AccountId, now: Moment) -> Result<Question, Refusal> {
    log_entry::not_withdrawn(question.withdrawn_at)?;
    let discussed = question.discussed.or(Some(Discussed { by, at: now }));
    Ok(Question { discussed, ..question.clone() })
}

/// Withdraws a question, open or discussed. Doing it again changes nothing.
#[must_use]
pub fn withdraw(question: &Question, now: Moment) -> Question {
    Question { withdrawn_at: log_entry::withdrawn(question.withdrawn_at, now), ..question.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use rstest::rstest;
    use uuid::Uuid;

    const WRITTEN: &str = "2026-03-02T18:40:00Z";
    const RECEIVED: &str = "2026-03-04T09:00:00Z";

    fn draft(text: &str, written_at: &str) -> QuestionDraft {
        serde_json::from_value(serde_json::json!({ "written_at": written_at, "text": text })).unwrap()
    }
    fn question() -> Question {
        record(Uuid::from_u128(1).into(), draft("What if I meet Joe?", WRITTEN), moment(RECEIVED))
    }

    #[test]
    fn a_question_written_offline_has_the_time_at_which_it_was_written() {
        assert_eq!((question().written_at, question().received_at), (moment(WRITTEN), moment(RECEIVED)));
    }

    #[rstest]
    #[case::within_the_tolerance("2026-03-04T09:05:00Z", "2026-03-04T09:05:00Z")]
    #[case::ahead("2026-03-04T09:05:01Z", RECEIVED)]
    #[case::a_year_ahead("2027-03-04T09:00:00Z", RECEIVED)]
    fn a_clock_that_is_ahead_is_not_believed(#[case] written_at: &str, #[case] expected: &str) {
        let sent = draft("What if I meet Joe?", written_at);
        let question = record(Uuid::from_u128(1).into(), sent.clone(), moment(RECEIVED));
        assert_eq!(question.written_at, moment(expected));
        assert_eq!(same(&question, sent), Ok(()), "sent again, it is the same");
    }

    #[rstest]
    #[case::the_same("What if I meet Joe?", WRITTEN, Ok(()))]
    #[case::another_text("What if I meet Jim?", WRITTEN, Err(Refusal::Different))]
    #[case::another_time("What if I meet Joe?", "2026-03-02T18:41:00Z", Err(Refusal::Different))]
    fn a_question_is_the_same_if_its_text_and_time_are(
        #[case] text: &str,
        #[case] written_at: &str,
        #[case] expected: Result<(), Refusal>,
    ) {
        assert_eq!(same(&question(), draft(text, written_at)), expected);
    }

    #[test]
    fn whoever_marks_it_first_is_who_discussed_it() {
        let [maya, casey] = [2, 3].map(|id| Uuid::from_u128(id).into());
        let at = moment("2026-03-05T15:00:00Z");
        let discussed = discuss(&question(), casey, at).unwrap();
        assert_eq!(discussed.discussed, Some(Discussed { by: casey, at }));
        assert_eq!(discuss(&discussed, maya, moment("2026-03-06T15:00:00Z")), Ok(discussed.clone()));
        assert_eq!(same(&discussed, draft("What if I meet Joe?", WRITTEN)), Ok(()));
    }

    #[test]
    fn a_withdrawn_question_stays_withdrawn_and_is_neither_sent_again_nor_discussed() {
        let at = moment("2026-03-05T15:00:00Z");
        let withdrawn = withdraw(&question(), at);
        assert_eq!(withdrawn.withdrawn_at, Some(at));
        assert_eq!(withdraw(&withdrawn, moment("2026-03-06T15:00:00Z")), withdrawn);
        let refusal = Refusal::Withdrawn(log_entry::Refusal::Withdrawn);
        assert_eq!(same(&withdrawn, draft("What if I meet Joe?", WRITTEN)), Err(refusal));
        assert_eq!(discuss(&withdrawn, Uuid::from_u128(2).into(), at), Err(refusal));
    }

    #[rstest]
    #[case::empty(0, false)]
    #[case::one(1, true)]
    #[case::longest(500, true)]
    #[case::too_long(501, false)]
    fn a_text_has_1_to_500_characters(#[case] length: usize, #[case] expected: bool) {
        assert_eq!(QuestionText::try_from("ü".repeat(length)).is_ok(), expected);
    }
}
