-- What answered a request, so that its receipt can tell it whenever it is asked for.
-- This file is frozen: later changes are new files.

-- The engine at work and what its operator declared, as JSON; one row for each that ever was.
CREATE TABLE deployment (
    id INTEGER NOT NULL PRIMARY KEY,
    statement TEXT NOT NULL UNIQUE CHECK (length(statement) BETWEEN 2 AND 8192)
) STRICT;

-- Both are NULL in rows that are older than this file, and nothing is made up for them.
ALTER TABLE usage ADD COLUMN model_digest BLOB CHECK (length(model_digest) = 32);
ALTER TABLE usage ADD COLUMN deployment_id INTEGER REFERENCES deployment (id);

CREATE TRIGGER usage_keeps_what_answered BEFORE UPDATE OF model_digest, deployment_id ON usage
WHEN NEW.model_digest IS NOT OLD.model_digest OR NEW.deployment_id IS NOT OLD.deployment_id
BEGIN
    SELECT RAISE(ABORT, 'what answered a request is never changed');
END;

CREATE TRIGGER deployment_is_never_changed BEFORE UPDATE ON deployment
BEGIN
    SELECT RAISE(ABORT, 'deployments are never changed');
END;

CREATE TRIGGER deployment_is_never_removed BEFORE DELETE ON deployment
BEGIN
    SELECT RAISE(ABORT, 'deployments are never removed');
END;

-- INSERT OR REPLACE removes rows without firing the trigger above.
CREATE TRIGGER deployment_is_never_replaced BEFORE INSERT ON deployment
WHEN EXISTS (SELECT 1 FROM deployment WHERE id = NEW.id OR statement = NEW.statement)
BEGIN
    SELECT RAISE(ABORT, 'deployments are never replaced');
END;
