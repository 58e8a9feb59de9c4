# Rails's own migrations without an application round them: ruby rails.rb migrate|status FOLDER, on the database in DATABASE_URL.
require "active_record"

way, folder = ARGV
ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE_URL"))
ActiveRecord::Migration.verbose = false
ActiveRecord::Migrator.migrations_paths = [folder]
context = ActiveRecord::Base.connection.migration_context
case way
when "migrate" then context.migrate
when "status" then context.migrations_status.each { |status, version, name| puts "#{status} #{version} #{name.downcase}" }
else abort "rails.rb: #{way} is neither migrate nor status"
end
