# Rails: schema.rb is dumped, and loaded into another database.

require "active_record"
require "active_record/connection_adapters/postgresql_adapter"
require "stringio"

CONNECTION = {
  adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], username: ENV["PGUSER"], password: ENV["PGPASSWORD"]
}.freeze
# Relations of the extension, or its schema: "using: :vecprov" is the application's.
OURS = /"?vecprov"?\.|schema\W+"vecprov|\b(tiers|rates|limits|quotas|shards|replicas|workers|metrics)\b|table_oid/i

# The type, as the gem neighbor makes it known.
ADAPTER = ActiveRecord::ConnectionAdapters::PostgreSQLAdapter
ADAPTER::NATIVE_DATABASE_TYPES[:vector] = { name: "vector" }
ActiveRecord::ConnectionAdapters::TableDefinition.send(:define_column_methods, :vector)
module VectorType
  def initialize_type_map(map = type_map)
    super(map)
    map.register_type("vector") do |_, _, sql_type|
      limit = sql_type[/\((\d+)\)/, 1]
      Class.new(ActiveRecord::Type::String) { def type = :vector }.new(limit: limit&.to_i)
    end
  end
end
# a method of the class since Rails 7
(ADAPTER.respond_to?(:initialize_type_map, true) ? ADAPTER.singleton_class : ADAPTER).prepend(VectorType)

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
  ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, StringIO.new).string
end

connection = connect(ENV["PGDATABASE"])
schema = dump
check(schema.include?('create_table "items"') && schema.scan("create_table").size == 1, "dump: the table and no other", schema)
check(schema.include?('t.vector "embedding", limit: 3'), "its vectors", schema)
check(schema.match?(/t\.index \["embedding"\].*using: :vecprov/), "its index", schema)
check(schema.include?('enable_extension "vecprov"'), "the extension", schema)
check(!schema.match?(OURS), "nothing of vecprov in it", schema)

connection.execute("CREATE DATABASE rails_loaded")
connect("rails_loaded")
ActiveRecord::Schema.verbose = false
2.times do |i|
  begin
    eval(schema)
    check(true, "load, #{%w[into nothing over\ what\ is\ there][i]}")
  rescue StandardError => e
    check(false, "load", e.full_message)
  end
end
same = ->(text) { text.gsub(/version: \S+/, "").lines.reject { |line| line.match?(/schema_migrations|ar_internal/) } }
check(same.(dump) == same.(schema), "what was loaded is the same", dump)
connection = connect(ENV["PGDATABASE"])
tiers = connection.select_rows("SELECT i.tier, count(*) FROM vecprov.indexes i, vecprov.tiers GROUP BY 1")
check(tiers == [["r10", 2]], "vecprov is as it was", tiers)
puts "1..#{$count}"
