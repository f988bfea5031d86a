//! A file of vectors and its cases.

use super::json::Json;

type Members = Vec<(&'static str, Json)>;

/// A file: what is to be done with its cases, and the cases.
#[derive(Debug)]
pub(crate) struct File {
    path: String,
    check: &'static str,
    description: String,
    cases: Vec<Case>,
}

/// One case: what goes in, what stands in between, what comes out.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: String,
    description: String,
    inputs: Members,
    values: Members,
    expected: Members,
}

impl File {
    pub(crate) fn new(path: impl Into<String>, check: &'static str, description: impl Into<String>) -> Self {
        Self { path: path.into(), check, description: description.into(), cases: Vec::new() }
    }

    /// A file with one case, which it is named for.
    pub(crate) fn of(path: &str, check: &'static str, case: Case) -> Self {
        let description = case.description.clone();
        Self { cases: vec![Case { description: String::new(), ..case }], ..Self::new(path, check, description) }
    }

    pub(crate) fn case(mut self, case: Case) -> Self {
        self.cases.push(case);
        self
    }

    pub(crate) fn cases(mut self, cases: impl IntoIterator<Item = Case>) -> Self {
        self.cases.extend(cases);
        self
    }

    /// Its path and its text.
    pub(crate) fn finish(self) -> (String, String) {
        let cases = self.cases.into_iter().map(|case| {
            let mut members = vec![("name", Json::from(case.name))];
            if !case.description.is_empty() {
                members.push(("description", case.description.into()));
            }
            members.push(("inputs", case.inputs.into()));
            if !case.values.is_empty() {
                members.push(("values", case.values.into()));
            }
            members.push(("expected", case.expected.into()));
            Json::Object(members)
        });
        let whole = Json::Object(vec![
            ("format", "dmpc vectors 1".into()),
            ("check", self.check.into()),
            ("description", self.description.into()),
            ("cases", Json::List(cases.collect())),
        ]);
        let mut text = String::new();
        whole.write(0, &mut text);
        text.push('\n');
        (format!("{}.json", self.path), text)
    }
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            inputs: Vec::new(),
            values: Vec::new(),
            expected: Vec::new(),
        }
    }

    pub(crate) fn input(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.inputs.push((name, value.into()));
        self
    }

    pub(crate) fn value(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// What comes out.
    pub(crate) fn expect(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.expected.push((name, value.into()));
        self
    }

    pub(crate) fn accepted(self) -> Self {
        self.expect("result", "accepted")
    }

    pub(crate) fn refused(self, class: &'static str, reason: &'static str) -> Self {
        self.expect("result", "refused").expect("class", class).expect("reason", reason)
    }
}
