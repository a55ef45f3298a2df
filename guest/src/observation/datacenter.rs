//! A datacenter of a task, and how far it is: what was observed and what was recorded in, one [`State`] out.

use std::rc::Rc;

use serde_json::{Value, json};

use super::answers::Unavailable;
use super::targets::Place;
use crate::contract::UnavailableReason;
use crate::documents::cassandra_task::{CassandraTask, Progress, has_content};
use crate::documents::cluster::Declared;
use crate::documents::status::copy;
use crate::documents::task::Task;

/// What was observed where the CassandraTask of a datacenter is, or is to be.
#[derive(Debug, Clone)]
pub enum Found {
    Child(Rc<CassandraTask>),
    Absent,
    /// An object of that name is there that does not belong to the task.
    Foreign(Rc<CassandraTask>),
    /// A context that could have it cannot say.
    Unavailable(Unavailable),
    /// Its context cannot say, and a user has given it up: what is there counts as gone.
    Abandoned(Unavailable),
}

impl Found {
    fn child(&self) -> Option<&CassandraTask> {
        match self {
            Found::Child(child) => Some(child),
            _ => None,
        }
    }

    /// The context that cannot say, and was not given up.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        match self {
            Found::Unavailable(why) => Some(why),
            _ => None,
        }
    }
}

/// How far a datacenter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing was started.
    Pending,
    /// Its CassandraTask exists, or did when last observed, and has not ended.
    Running,
    /// Failed, and still at work.
    Failing,
    Failed,
    /// Completed without failure.
    Done,
    /// It was started, or may have been while its context was unavailable, and its CassandraTask was deleted before it completed.
    Lost,
}

#[derive(Debug)]
pub struct Datacenter {
    pub name: String,
    /// Whether it is certain that it is no target any more.
    pub is_former: bool,
    /// Where its CassandraTask is, or is to be created; `None` where nothing says so.
    pub place: Option<Place>,
    pub declared: Option<Declared>,
    pub found: Found,
    pub state: State,
    /// What its CassandraTask's status says: the one observed, or else the one recorded.
    pub progress: Progress,
    /// The copy of its CassandraTask's status; `None` if there never was one. An empty one says that it is recorded.
    pub copy: Option<Value>,
    /// Another CassandraTask of the same name, in another context, that is at work, too.
    pub active_namesake: Option<Rc<CassandraTask>>,
}

impl Datacenter {
    /// Judges what was found of a datacenter, and what the task has recorded of it.
    pub fn judge(
        task: &Task,
        name: &str,
        is_former: bool,
        (place, found): (Option<Place>, Found),
        declared: Option<Declared>,
    ) -> Datacenter {
        let recorded = task.recorded.copy(name);
        let (state, is_settled) = state(task, name, &found);
        // That its CassandraTask went with a datacenter that is no target any more is no loss; nor is one of which nobody
        // knows any more where it was.
        let is_dropped = (is_former || place.is_none()) && state == State::Lost && !is_settled;
        let child = found.child();
        // A status of which nothing can be copied says nothing against what was recorded.
        let observed = child.filter(|_| !is_settled).and_then(|child| {
            let copy = copy(child.status()?, child.created());
            let counts = has_content(&copy) || recorded.is_none();
            counts.then_some((copy, &child.progress))
        });
        let created = task.metadata.created;
        let recorded = || recorded.map(|(status, progress)| (copy(status, created), progress));
        let (copy, progress) = match observed.or_else(recorded) {
            Some((copy, progress)) => (Some(copy), progress.clone()),
            None => {
                let is_known = child.is_some() || task.has_recorded(name);
                (is_known.then(|| json!({})), Progress::default())
            }
        };
        Datacenter {
            name: name.to_owned(),
            is_former,
            place,
            declared,
            found,
            state: if is_dropped { State::Pending } else { state },
            progress,
            copy,
            active_namesake: None,
        }
    }

    /// Whether something is, or may be, at work there. A former target in a context that is not registered is given up.
    pub fn is_active(&self) -> bool {
        let is_given_up =
            self.is_former && self.is_unavailable_as(UnavailableReason::NotRegistered);
        self.active_namesake.is_some()
            || (matches!(self.state, State::Running | State::Failing) && !is_given_up)
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.state, State::Failing | State::Failed | State::Lost)
    }

    /// Whether its CassandraTask has ended, well or badly, and its copy has the condition Complete: what counts for the
    /// condition of the task (cluster-tasks, Normal execution).
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Done | State::Failed) && self.progress.is_complete
    }

    /// Whether nothing will change there any more.
    pub fn is_settled(&self) -> bool {
        match self.state {
            State::Pending | State::Running | State::Failing => false,
            State::Failed | State::Lost => true,
            // cass-operator writes the condition together with the completionTime, if it lives.
            State::Done => {
                self.progress.is_complete
                    || matches!(self.found, Found::Absent | Found::Abandoned(_))
            }
        }
    }

    /// Whether nothing is there that could be its CassandraTask: its context says so, or serves none, or was given up.
    pub fn is_confirmed_empty(&self) -> bool {
        self.found.unavailable().is_none() || self.is_unavailable_as(UnavailableReason::NotServed)
    }

    fn is_unavailable_as(&self, reason: UnavailableReason) -> bool {
        self.found
            .unavailable()
            .is_some_and(|why| why.reason == reason)
    }

    pub fn child(&self) -> Option<&CassandraTask> {
        self.found.child()
    }
}

/// How far it is, and whether that was recorded for good.
fn state(task: &Task, name: &str, found: &Found) -> (State, bool) {
    let recorded = task.recorded.datacenters().get(name);
    let settled = recorded.and_then(settled);
    let is_marked = |child: &CassandraTask| child.created_for() == Some(&task.metadata.uid);
    match (found, settled) {
        // What was recorded as done, failed or lost changes only through an object that is marked as this task's.
        (Found::Child(child), Some(state)) if !is_marked(child) => (state, true),
        (Found::Child(child), _) if child.progress.has_started => {
            (at_work(Some(&child.progress)), false)
        }
        (Found::Child(_), _) => (at_work(recorded), false),
        (_, Some(state)) => (state, true),
        (Found::Absent | Found::Abandoned(_), None) if task.may_have_run(name) => {
            (State::Lost, false)
        }
        // Neither there nor gone, as far as one can tell: as last recorded. Where somebody else's has the name of one that was
        // recorded before its create, the create has failed.
        (Found::Foreign(_), None) if task.may_have_run(name) => (at_work(recorded), false),
        (Found::Unavailable(_), None) if task.has_recorded(name) => (at_work(recorded), false),
        _ => (State::Pending, false),
    }
}

/// What a recorded copy says for good.
pub fn settled(copy: &Progress) -> Option<State> {
    match copy.failure {
        _ if copy.is_lost => Some(State::Lost),
        Some(_) => copy.has_stopped.then_some(State::Failed),
        None => copy.has_ended.then_some(State::Done),
    }
}

/// The state of one that is there.
fn at_work(progress: Option<&Progress>) -> State {
    match progress {
        Some(progress) if progress.failure.is_some() && !progress.has_stopped => State::Failing,
        Some(progress) => settled(progress).unwrap_or(State::Running),
        None => State::Running,
    }
}

/// Of several CassandraTasks for a datacenter, the one that counts: one that failed, or is still at work, or is where it is to
/// be. The order in which they were observed does not matter.
pub fn preferred<'m>(
    children: impl Iterator<Item = &'m Rc<CassandraTask>>,
    place: Option<&Place>,
) -> Option<&'m Rc<CassandraTask>> {
    children.min_by_key(|child| {
        let is_there = place.is_some_and(|place| place.reference() == child.reference());
        let is_marked = child.created_for().is_some();
        let key = (child.context.clone(), child.namespace().to_owned());
        (
            child.progress.failure.is_none(),
            child.progress.has_ended,
            !is_there,
            !is_marked,
            key,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2022-12-15T19:43:35Z";

    /// A status: (r)unning, (d)one, (f)ailed, (F)ailing, (l)ost, or an empty one.
    fn status(letter: char) -> Value {
        let set = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": TIME});
        let [complete, running, failed] = ["Complete", "Running", "Failed"].map(|it| set(it, it));
        match letter {
            'r' => json!({ "startTime": TIME }),
            'd' => json!({"completionTime": TIME, "conditions": [complete]}),
            'f' => json!({"completionTime": TIME, "conditions": [running, failed]}),
            'F' => json!({"conditions": [running, failed]}),
            '.' => Value::Null,
            'l' => json!({"conditions": [set("Failed", "CassandraTaskDeleted")]}),
            _ => json!({}),
        }
    }

    fn child(letter: char, uid: Option<&str>) -> Rc<CassandraTask> {
        Rc::new(child_in(None, letter, uid))
    }

    fn child_in(context: Option<&str>, letter: char, uid: Option<&str>) -> CassandraTask {
        let annotations = json!({"pilothouse.dev/created-for": uid});
        let metadata = json!({"name": "t-dc1", "namespace": "ns", "annotations": annotations});
        let document = json!({"metadata": metadata, "status": status(letter)});
        CassandraTask::read(context, &document.to_string())
    }

    #[test]
    fn of_several_the_one_counts_that_failed_or_is_at_work_or_is_in_its_place() {
        let task = Task::read(r#"{"metadata":{"name":"t","namespace":"ns"}}"#).unwrap();
        let place = Place::new(&task, "dc1", Some("b"), "ns");
        let one = |text: &str| {
            let letter = |index| text.chars().nth(index).unwrap();
            let uid = (letter(1) == 'm').then_some("u1");
            Rc::new(child_in(Some(&letter(0).to_string()), letter(2), uid))
        };
        // Context, (m)arked or (u)nmarked, and the status: the first one counts.
        for pair in ["auf bmr", "aur bmd", "bur amr", "cmr dur", "aur cur"] {
            let [first, second] = [&pair[..3], &pair[4..]].map(one);
            for children in [[&first, &second], [&second, &first]] {
                let found = preferred(children.into_iter(), Some(&place)).unwrap();
                assert!(Rc::ptr_eq(found, &first), "{pair}");
            }
        }
        assert!(preferred([].into_iter(), None).is_none());
    }

    /// What was found: (m)arked or (u)nmarked with a status, (x) foreign, ? unavailable, ! abandoned, - absent.
    fn found(text: &str) -> Found {
        let unavailable = Unavailable::not_registered(&None, "CassandraTask");
        let letter = text.chars().nth(1).unwrap_or('-');
        match text.chars().next() {
            Some('m') => Found::Child(child(letter, Some("u1"))),
            Some('u') => Found::Child(child(letter, None)),
            Some('x') => Found::Foreign(child(letter, Some("u0"))),
            Some('?') => Found::Unavailable(unavailable),
            Some('!') => Found::Abandoned(unavailable),
            _ => Found::Absent,
        }
    }

    /// Judges what was found, and a recorded status: . none, - an empty one, (o) an empty one that may have started.
    fn judged(what: &str, recorded: char, is_former: bool) -> Datacenter {
        let unobserved = if recorded == 'o' { vec!["dc1"] } else { vec![] };
        let record = json!({"task": {"name": "t", "uid": "u1"}, "unobserved": unobserved});
        let annotations = json!({"pilothouse.dev/record": record.to_string()});
        let metadata =
            json!({"name": "t", "namespace": "ns", "uid": "u1", "annotations": annotations});
        let copy = (recorded != '.').then(|| status(recorded));
        let document = json!({"metadata": metadata, "status": {"datacenters": {"dc1": copy}}});
        let task = Task::read(&document.to_string()).unwrap();
        let place = Some(Place::new(&task, "dc1", None, "ns"));
        Datacenter::judge(&task, "dc1", is_former, (place, found(what)), None)
    }

    #[test]
    fn the_state_follows_from_what_was_found_and_what_was_recorded() {
        let table = "
                .       -       o       r       F       d       f       l
            -   Pending Pending Lost    Lost    Lost    Done    Failed  Lost
            !   Pending Pending Lost    Lost    Lost    Done    Failed  Lost
            ?   Pending Running Running Running Failing Done    Failed  Lost
            x   Pending Pending Running Running Failing Done    Failed  Lost
            m-  Running Running Running Running Failing Done    Failed  Lost
            mr  Running Running Running Running Running Running Running Running
            md  Done    Done    Done    Done    Done    Done    Done    Done
            mf  Failed  Failed  Failed  Failed  Failed  Failed  Failed  Failed
            mF  Failing Failing Failing Failing Failing Failing Failing Failing
            ur  Running Running Running Running Running Done    Failed  Lost
            ud  Done    Done    Done    Done    Done    Done    Failed  Lost";
        let mut rows = table.lines().skip(1).map(str::split_whitespace);
        let recorded: String = rows.next().unwrap().collect();
        for mut row in rows {
            let found = row.next().unwrap();
            let state = |recorded| format!("{:?}", judged(found, recorded, false).state);
            let states: Vec<String> = recorded.chars().map(state).collect();
            assert_eq!(states, row.collect::<Vec<_>>(), "{found}");
        }
    }

    #[test]
    fn a_former_target_is_not_lost_and_is_given_up_with_its_context() {
        assert_eq!(judged("-", 'r', true).state, State::Pending);
        assert_eq!(judged("-", 'l', true).state, State::Lost);
        assert!(judged("?", 'r', false).is_active());
        assert!(!judged("?", 'r', true).is_active());
    }

    #[test]
    fn the_copy_is_the_observed_status_or_the_recorded_one() {
        let copy = |found, recorded| judged(found, recorded, false).copy;
        assert_eq!(copy("-", '.'), None);
        assert_eq!(copy("m-", '.'), Some(json!({})));
        assert_eq!(copy("m.", '.'), Some(json!({})));
        assert_eq!(copy("-", '-'), Some(json!({})));
        assert_eq!(copy("mr", '-'), Some(status('r')));
        assert_eq!(copy("?", 'r'), Some(status('r')));
        // Only a marked one changes what is done.
        assert_eq!(copy("ur", 'd'), Some(status('d')));
    }

    #[test]
    fn of_namesakes_the_failed_or_working_one_counts() {
        let [done, running, failed] = ['d', 'r', 'f'].map(|letter| child(letter, Some("u1")));
        let is_first = |one, other| {
            preferred([other, one].into_iter(), None).is_some_and(|it| Rc::ptr_eq(it, one))
        };
        assert!(is_first(&running, &done) && is_first(&failed, &running));
    }
}
