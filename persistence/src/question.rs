//! Questions for the next session.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{AccountId, ParticipantId};
use evenkeel_domain::question::{Discussed, Question, QuestionId, QuestionText};
use evenkeel_domain::value::Moment;

use crate::column::Stored;
use crate::schema::questions;
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = questions, primary_key(participant_id, id), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    id: Stored<QuestionId>,
    written_at: Stored<Moment>,
    text: Stored<QuestionText>,
    received_at: Stored<Moment>,
    discussed_by: Stored<Option<AccountId>>,
    discussed_at: Stored<Option<Moment>>,
    withdrawn_at: Stored<Option<Moment>>,
}

impl Row {
    fn new(grant: &Grant, question: &Question) -> Self {
        Self {
            participant_id: Stored(grant.participant()),
            id: Stored(question.id),
            written_at: Stored(question.written_at),
            text: Stored(question.text.clone()),
            received_at: Stored(question.received_at),
            discussed_by: Stored(question.discussed.map(|discussed| discussed.by)),
            discussed_at: Stored(question.discussed.map(|discussed| discussed.at)),
            withdrawn_at: Stored(question.withdrawn_at),
        }
    }
}

impl From<Row> for Question {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            written_at: row.written_at.0,
            text: row.text.0,
            received_at: row.received_at.0,
            discussed: row.discussed_by.0.zip(row.discussed_at.0).map(|(by, at)| Discussed { by, at }),
            withdrawn_at: row.withdrawn_at.0,
        }
    }
}

/// Stores a new question; false if the participant has one of that id.
pub fn add(tx: &mut Tx, grant: &Grant, question: &Question) -> Result<bool, Error> {
    let row = Row::new(grant, question);
    let added = each!(tx, conn => diesel::insert_into(questions::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One question, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: QuestionId) -> Result<Option<Question>, Error> {
    let query = questions::table.find((Stored(grant.participant()), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(Question::from))
}

/// A page of questions, open and discussed, withdrawn ones left out, the newest first: those after the one a page
/// before ended with.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    after: Option<(Moment, QuestionId)>,
    limit: i64,
) -> Result<Vec<Question>, Error> {
    let mut query = questions::table
        .filter(questions::participant_id.eq(Stored(grant.participant())))
        .filter(questions::withdrawn_at.is_null())
        .order((questions::written_at.desc(), questions::id.desc()))
        .select(Row::as_select())
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        let same = questions::written_at.eq(Stored(at)).and(questions::id.lt(Stored(id)));
        query = query.filter(questions::written_at.lt(Stored(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    Ok(rows.into_iter().map(Question::from).collect())
}

/// Stores what a rule made of a question.
pub fn put(tx: &mut Tx, grant: &Grant, question: &Question) -> Result<(), Error> {
    let target = questions::table.find((Stored(grant.participant()), Stored(question.id)));
    diesel::update(target).set(Row::new(grant, question)).execute(tx)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{at, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::question::{discuss, record, withdraw};

    #[test]
    fn questions_read_back_as_stored_and_are_listed_newest_first() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::RecordQuestion);
        let now = at("2026-03-02T18:00:00Z");
        let [first, second, third] = [(1, "01T09"), (2, "01T09"), (3, "01T08")].map(|(number, written)| {
            let text = format!("What if\nquestion {number}?");
            let draft =
                value(serde_json::json!({ "written_at": format!("2026-03-{written}:00:00Z"), "text": text }));
            record(id(number), draft, now)
        });
        for question in [&first, &second, &third] {
            assert!(add(tx, &own, question).unwrap());
            assert!(!add(tx, &own, question).unwrap(), "the id is taken");
            assert_eq!(find(tx, &own, question.id).unwrap().as_ref(), Some(question));
        }
        assert_eq!(find(tx, &own, id(9)).unwrap(), None);
        assert_eq!(list(tx, &own, None, 2).unwrap(), [second.clone(), first.clone()]);
        let after = Some((first.written_at, first.id));
        assert_eq!(list(tx, &own, after, 2).unwrap(), std::slice::from_ref(&third));

        let discussed = discuss(&second, own.actor().account, now).unwrap();
        let withdrawn = withdraw(&first, now);
        for changed in [&discussed, &withdrawn] {
            put(tx, &own, changed).unwrap();
            assert_eq!(find(tx, &own, changed.id).unwrap().as_ref(), Some(changed));
        }
        assert_eq!(list(tx, &own, None, 9).unwrap(), [discussed, third]);
    }
}
