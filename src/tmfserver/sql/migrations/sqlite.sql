CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
-- next
CREATE TABLE listener (
	id TEXT NOT NULL,
	api TEXT NOT NULL,
	callback TEXT NOT NULL,
	"query" TEXT NOT NULL,
	created BIGINT NOT NULL,
	fingerprint TEXT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (fingerprint)
)
-- next
CREATE TABLE listener_version (
	version BIGINT NOT NULL
)
-- next
INSERT INTO listener_version (version) VALUES (0)
-- next
CREATE TABLE event (
	seq INTEGER NOT NULL,
	id TEXT NOT NULL,
	api TEXT NOT NULL,
	type TEXT NOT NULL,
	subject TEXT NOT NULL,
	document TEXT NOT NULL,
	created BIGINT NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE (id)
)
-- next
CREATE TABLE delivery (
	event BIGINT NOT NULL,
	listener TEXT NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	next_attempt_at BIGINT NOT NULL,
	last_status INTEGER,
	last_error TEXT,
	PRIMARY KEY (event, listener)
)
-- next
CREATE INDEX delivery_due ON delivery (next_attempt_at, event) WHERE state = 'due'
-- next
CREATE INDEX delivery_listener ON delivery (listener)
-- next
CREATE TABLE received (
	api TEXT NOT NULL,
	id TEXT NOT NULL,
	type TEXT NOT NULL,
	document TEXT NOT NULL,
	created BIGINT NOT NULL,
	PRIMARY KEY (api, id)
)
-- next
INSERT INTO alembic_version (version_num) VALUES ('0001')
-- next
CREATE TABLE attribute_index (
	collection TEXT NOT NULL,
	name TEXT NOT NULL,
	path TEXT NOT NULL,
	kind TEXT NOT NULL,
	expression TEXT NOT NULL,
	filled BIGINT NOT NULL,
	complete BOOLEAN NOT NULL,
	PRIMARY KEY (collection, name)
)
-- next
CREATE TABLE secret (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (name)
)
-- next
UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001'
-- next
ALTER TABLE listener ADD COLUMN secret TEXT DEFAULT '' NOT NULL
-- next
ALTER TABLE listener ADD COLUMN header TEXT DEFAULT '' NOT NULL
-- next
ALTER TABLE listener ADD COLUMN sent BIGINT DEFAULT '0' NOT NULL
-- next
ALTER TABLE listener ADD COLUMN failed BIGINT DEFAULT '0' NOT NULL
-- next
ALTER TABLE listener ADD COLUMN dead BIGINT DEFAULT '0' NOT NULL
-- next
ALTER TABLE listener ADD COLUMN ended BIGINT
-- next
ALTER TABLE listener ADD COLUMN last_sent BIGINT
-- next
ALTER TABLE listener ADD COLUMN last_failed BIGINT
-- next
ALTER TABLE delivery ADD COLUMN subject TEXT DEFAULT '' NOT NULL
-- next
ALTER TABLE delivery ADD COLUMN sent_at BIGINT
-- next
ALTER TABLE delivery ADD COLUMN history TEXT
-- next
UPDATE delivery SET subject = coalesce((SELECT subject FROM event WHERE event.seq = delivery.event), '')
-- next
DROP INDEX delivery_due
-- next
CREATE INDEX delivery_ready ON delivery (listener, next_attempt_at, event) WHERE state = 'due'
-- next
CREATE INDEX delivery_order ON delivery (listener, subject, event) WHERE state IN ('due', 'waiting')
-- next
CREATE INDEX delivery_sent ON delivery (sent_at) WHERE state = 'sent'
-- next
CREATE INDEX delivery_dead ON delivery (event, listener) WHERE state = 'dead'
-- next
UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002'
-- next
ALTER TABLE listener ADD COLUMN last_status INTEGER
-- next
ALTER TABLE listener ADD COLUMN last_error TEXT
-- next
CREATE TABLE delivery_hour (
	listener TEXT NOT NULL,
	start BIGINT NOT NULL,
	sent BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	PRIMARY KEY (listener, start)
)
-- next
UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003'
-- next
CREATE TABLE idempotency (
	api TEXT NOT NULL,
	"key" TEXT NOT NULL,
	request TEXT NOT NULL,
	status INTEGER NOT NULL,
	headers TEXT NOT NULL,
	body TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (api, "key")
)
-- next
CREATE INDEX idempotency_at ON idempotency (at)
-- next
UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004'
-- next
CREATE TABLE job (
	collection TEXT NOT NULL,
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	task TEXT NOT NULL,
	state TEXT NOT NULL,
	position BIGINT NOT NULL,
	counts TEXT NOT NULL,
	lease BIGINT NOT NULL,
	token TEXT NOT NULL,
	created BIGINT NOT NULL,
	PRIMARY KEY (collection, id)
)
-- next
CREATE INDEX job_waiting ON job (created) WHERE state = 'waiting'
-- next
CREATE TABLE job_error (
	seq INTEGER NOT NULL,
	collection TEXT NOT NULL,
	job TEXT NOT NULL,
	line TEXT NOT NULL,
	PRIMARY KEY (seq)
)
-- next
CREATE INDEX job_error_job ON job_error (collection, job, seq)
-- next
UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005'
-- next
CREATE TABLE contract (
	base_path TEXT NOT NULL,
	title TEXT NOT NULL,
	version TEXT NOT NULL,
	content TEXT NOT NULL,
	facts BLOB NOT NULL,
	served BIGINT NOT NULL,
	PRIMARY KEY (base_path)
)
-- next
UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006'
