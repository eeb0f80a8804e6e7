# Rails: schema.rb is dumped, and loaded into another database.

require "active_record"
require "active_record/connection_adapters/postgresql_adapter"
require "stringio"

CONNECTION = {
  adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], username: ENV["PGUSER"], password: ENV["PGPASSWORD"]
}.freeze
# Relations of the extension, or its schema: "using: :vecprov" is the application's.
OURS = /(^|[\s"(,])"?vecprov"?\.|schema\W+"vecprov|\b(tiers|rates|limits|quotas|shards|replicas|workers|metrics)\b|table_oid/i

begin
  require "neighbor"
  require "active_support/lazy_load_hooks"
rescue LoadError
  # The type, as that gem makes it known.
  adapter = ActiveRecord::ConnectionAdapters::PostgreSQLAdapter
  adapter::NATIVE_DATABASE_TYPES[:vector] = { name: "vector" }
  ActiveRecord::ConnectionAdapters::TableDefinition.send(:define_column_methods, :vector)
  module VectorType
    def initialize_type_map(map = type_map)
      super(map)
      map.register_type("vector") do |_, _, sql_type|
        Class.new(ActiveRecord::Type::String) { def type = :vector }.new(limit: sql_type[/\((\d+)\)/, 1]&.to_i)
      end
    end
  end
  # a method of the class since Rails 7
  (adapter.respond_to?(:initialize_type_map, true) ? adapter.singleton_class : adapter).prepend(VectorType)
end

$count = 0
def check(ok, name, detail = nil)
  $count += 1
  puts "#{ok ? "ok" : "not ok"} #{$count} - #{name}"
  puts "# #{detail.inspect}" unless ok
end

def connect(database)
  ActiveRecord::Base.establish_connection(CONNECTION.merge(database: database))
  ActiveRecord::Base.connection
end

def dump
  source = ActiveRecord.version >= Gem::Version.new("7.2") ? ActiveRecord::Base.connection_pool : ActiveRecord::Base.connection
  ActiveRecord::SchemaDumper.dump(source, StringIO.new).string
end

def load_schema(schema, name)
  eval(schema)
  check(true, name)
rescue StandardError => e
  check(false, name, e.full_message)
end

ActiveRecord::Schema.verbose = false
connection = connect(ENV["PGDATABASE"])
connection.execute("CREATE DATABASE rails_loaded")
connection.execute("CREATE DATABASE rails_unfiltered")

# Since 7.0 the schema itself is in schema.rb. CREATE EXTENSION takes the one that is there then.
schema = dump
check(schema.include?('create_schema "vecprov"') == (ActiveRecord.version >= Gem::Version.new("7.0")), "the schema since 7.0", schema)
connect("rails_unfiltered")
load_schema(schema, "without a filter: load into an empty database")

# The filter of doc/schema-tools.md
ActiveSupport.on_load(:active_record_postgresqladapter) do
  prepend(Module.new { def schema_names = super - ["vecprov"] })
end
connect(ENV["PGDATABASE"])
schema = dump
check(schema.include?('create_table "items"') && schema.scan("create_table").size == 1, "dump: the table and no other", schema)
check(schema.include?('t.vector "embedding", limit: 3'), "its vectors", schema)
check(schema.match?(/t\.index \["embedding"\].*using: :vecprov/), "its index", schema)
check(schema.include?('enable_extension "vecprov"'), "the extension", schema)
check(!schema.match?(OURS), "nothing of vecprov in it", schema)

connect("rails_loaded")
load_schema(schema, "load into an empty database")
load_schema(schema, "load over what is there")
same = ->(text) { text.lines.reject { |line| line.match?(/define\(version/) } }
check(same.(dump) == same.(schema), "what was loaded is the same", dump)

connection = connect(ENV["PGDATABASE"])
# an index with a key, as doc/schema-tools.md defines it
connection.execute("CREATE TABLE keyed (id serial PRIMARY KEY, tenant_id integer, embedding vector(3))")
connection.add_index :keyed, [:embedding, :tenant_id], name: "keyed_embedding_idx", using: :vecprov, opclass: { embedding: :vector_cosine_ops }
definition = connection.select_value("SELECT pg_get_indexdef('keyed_embedding_idx'::regclass)")
check(definition.end_with?("USING vecprov (embedding vector_cosine_ops, tenant_id)"), "an index with a key", definition)
connection.execute("DROP TABLE keyed")
tiers = connection.select_rows("SELECT i.tier, count(*) FROM vecprov.indexes i, vecprov.tiers GROUP BY 1")
check(tiers == [["r10", 2]], "vecprov is as it was", tiers)
puts "1..#{$count}"
