// Prisma's migrations of an SQLite file without its own engine, which comes from a server of Prisma's: the one of JavaScript, over a
// driver. DATABASE_URL, and in PRISMA_FOLDER schema.prisma and the migrations, say what on.
import { PrismaLibSQL } from "@prisma/adapter-libsql";

export default {
  experimental: { adapter: true },
  engine: "js",
  schema: `${process.env.PRISMA_FOLDER}/schema.prisma`,
  migrations: { path: `${process.env.PRISMA_FOLDER}/history` },
  adapter: async () => new PrismaLibSQL({ url: process.env.DATABASE_URL! }),
} as any;
