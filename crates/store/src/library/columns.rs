//! Pieces of statements about documents and their versions.

/// What `document::row::whole` reads: of the document `d`, and of its version `v`.
macro_rules! document_columns {
    () => {
        "d.account_id, d.name, d.attributes, d.created_at, d.updated_at, \
         (SELECT count(*) FROM document_version AS c \
         WHERE c.organisation_id = d.organisation_id AND c.document_id = d.id) AS versions, v.*"
    };
}

/// The number of the version of `d` that holds at a time, or is about to once it is read.
macro_rules! current_number {
    ($at:literal) => {
        concat!(
            "(SELECT c.number FROM document_version AS c \
             WHERE c.organisation_id = d.organisation_id AND c.document_id = d.id \
             ORDER BY c.in_force_from <= ",
            $at,
            " DESC, c.in_force_from DESC, c.number DESC LIMIT 1)"
        )
    };
}
