/*
 * JDBC: batched inserts as Spark's JDBC writer makes them (strings with stringtype=unspecified, and
 * PGobject), with reWriteBatchedInserts on and off, binary COPY, binary parameters and results, on
 * tables of vecprov.
 */
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.util.PGBinaryObject;
import org.postgresql.util.PGobject;

public class ClientJdbc
{
	static final int DIMS = 16;
	static final int ROWS = 300;
	static int count;

	static void check(boolean ok, String name, Object detail)
	{
		System.out.println((ok ? "ok " : "not ok ") + ++count + " - " + name);
		if (!ok)
			System.out.println("# " + detail);
	}

	static void same(Object is, Object want, String name)
	{
		check(is.equals(want), name, "is " + is + ", want " + want);
	}

	/* The elements of row i of a type: quarters of integers, which every type holds exactly. */
	static float[] row(String type, int i)
	{
		float[] v = new float[DIMS];

		for (int d = 0; d < DIMS; d++)
		{
			float x = ((i * (d + 3) * 37) % 1009 - 504) / 4f;

			v[d] = type.equals("bit") ? (x > 0 ? 1 : 0) : type.equals("sparsevec") && (i + d) % 4 != 0 ? 0 : x;
		}
		return v;
	}

	static double distance(String type, float[] a, float[] b)
	{
		double sum = 0;

		for (int d = 0; d < a.length; d++)
			sum += (a[d] - b[d]) * (a[d] - b[d]);
		return type.equals("bit") ? sum : Math.sqrt(sum);
	}

	static String text(String type, float[] v)
	{
		StringBuilder out = new StringBuilder();

		for (int d = 0; d < v.length; d++)
		{
			if (type.equals("bit"))
				out.append((int) v[d]);
			else if (type.equals("sparsevec"))
				out.append(v[d] == 0 ? "" : (out.length() == 0 ? "" : ",") + (d + 1) + ":" + v[d]);
			else
				out.append(d == 0 ? "" : ",").append(v[d]);
		}
		if (type.equals("bit"))
			return out.toString();
		return type.equals("sparsevec") ? "{" + out + "}/" + v.length : "[" + out + "]";
	}

	static float[] parse(String type, String text)
	{
		if (type.equals("bit"))
		{
			float[] bits = new float[text.length()];

			for (int d = 0; d < bits.length; d++)
				bits[d] = text.charAt(d) - '0';
			return bits;
		}
		String[] parts = text.substring(1, text.lastIndexOf(type.equals("sparsevec") ? '}' : ']')).split(",");
		float[] v = new float[type.equals("sparsevec") ? Integer.parseInt(text.substring(text.indexOf('/') + 1)) : parts.length];

		for (int d = 0; d < parts.length; d++)
		{
			String[] pair = parts[d].split(":");

			v[pair.length > 1 ? Integer.parseInt(pair[0]) - 1 : d] = Float.parseFloat(pair[pair.length - 1]);
		}
		return v;
	}

	/* IEEE half precision of a number that it holds exactly. */
	static short half(float x)
	{
		int exponent = x == 0 ? -15 : Math.getExponent(x);

		return (short) ((x < 0 ? 0x8000 : 0) | exponent + 15 << 10 |
						(x == 0 ? 0 : (int) ((Math.abs(x) / Math.scalb(1f, exponent) - 1) * 1024)));
	}

	/* As the server sends and takes it in binary. */
	static byte[] binary(String type, float[] v)
	{
		ByteBuffer out = ByteBuffer.allocate(12 + 8 * v.length);
		int nnz = 0;

		switch (type)
		{
			case "bit":
				out.putInt(v.length);
				for (int d = 0; d < v.length; d += 8)
				{
					int b = 0;

					for (int e = d; e < d + 8; e++)
						b = b << 1 | (e < v.length ? (int) v[e] : 0);
					out.put((byte) b);
				}
				break;
			case "sparsevec":
				for (float x : v)
					nnz += x == 0 ? 0 : 1;
				out.putInt(v.length).putInt(nnz).putInt(0);
				for (int d = 0; d < v.length; d++)
					if (v[d] != 0)
						out.putInt(d);
				for (float x : v)
					if (x != 0)
						out.putFloat(x);
				break;
			default:
				out.putShort((short) v.length).putShort((short) 0);
				for (float x : v)
					if (type.equals("halfvec"))
						out.putShort(half(x));
					else
						out.putFloat(x);
		}
		return Arrays.copyOf(out.array(), out.position());
	}

	/* A value that goes out in binary where the connection allows it for its type. */
	public static class Value extends PGobject implements PGBinaryObject
	{
		private byte[] bytes;

		Value(String type, float[] v)
		{
			this.type = type;
			this.value = ClientJdbc.text(type, v);
			this.bytes = ClientJdbc.binary(type, v);
		}

		@Override
		public void setByteValue(byte[] from, int offset)
		{
			throw new UnsupportedOperationException();
		}

		@Override
		public int lengthInBytes()
		{
			return bytes.length;
		}

		@Override
		public void toBytes(byte[] to, int offset)
		{
			System.arraycopy(bytes, 0, to, offset, bytes.length);
		}
	}

	static Connection connect(String... properties) throws SQLException
	{
		Properties info = new Properties();

		info.setProperty("user", System.getenv("PGUSER"));
		info.setProperty("password", System.getenv("PGPASSWORD"));
		for (int i = 0; i < properties.length; i += 2)
			info.setProperty(properties[i], properties[i + 1]);
		return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/" +
										   System.getenv("PGDATABASE"), info);
	}

	static void execute(Connection connection, String... statements) throws SQLException
	{
		try (Statement statement = connection.createStatement())
		{
			for (String sql : statements)
				statement.execute(sql);
		}
	}

	/* As org.apache.spark.sql.execution.datasources.jdbc saves a partition: one transaction, in batches. */
	static void save(String type, boolean rewrite, boolean strings, int first, int last) throws SQLException
	{
		try (Connection connection = connect("reWriteBatchedInserts", String.valueOf(rewrite),
											 "stringtype", strings ? "unspecified" : "varchar"))
		{
			connection.setAutoCommit(false);
			try (PreparedStatement insert = connection.prepareStatement(
					"INSERT INTO items_" + type + " (\"id\",\"v\") VALUES (?,?)"))
			{
				for (int i = first; i <= last; i++)
				{
					insert.setInt(1, i);
					if (strings)
						insert.setString(2, text(type, row(type, i)));
					else
						insert.setObject(2, new Value(type, row(type, i)));
					insert.addBatch();
					if ((i - first) % 20 == 19 || i == last)
						for (int n : insert.executeBatch())
							if (n != 1 && n != Statement.SUCCESS_NO_INFO)
								throw new SQLException("a row of the batch was not inserted");
				}
			}
			connection.commit();
		}
	}

	static byte[] copyData(String type, int first, int last) throws IOException
	{
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		DataOutputStream out = new DataOutputStream(bytes);

		out.write("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0".getBytes("ISO-8859-1"));
		for (int i = first; i <= last; i++)
		{
			byte[] v = binary(type, row(type, i));

			out.writeShort(2);
			out.writeInt(4);
			out.writeInt(i);
			out.writeInt(v.length);
			out.write(v);
		}
		out.writeShort(-1);
		return bytes.toByteArray();
	}

	static List<String> nearest(String type, float[] query)
	{
		double[] all = new double[ROWS];
		List<String> near = new ArrayList<>();

		for (int i = 1; i <= ROWS; i++)
			all[i - 1] = distance(type, query, row(type, i));
		Arrays.sort(all);
		for (int i = 0; i < 10; i++)
			near.add(String.format("%.4f", all[i]));
		return near;
	}

	static void search(Connection connection, String type, String how) throws SQLException
	{
		String operator = type.equals("bit") ? "<~>" : "<->";
		float[] query = row(type, 1042);
		String order = " FROM items_" + type + " ORDER BY v " + operator + " ? LIMIT 10";
		StringBuilder plan = new StringBuilder();

		execute(connection, "SET enable_seqscan = off", "SET vecprov.ef_search = 300");
		try (PreparedStatement select = connection.prepareStatement("SELECT v " + operator + " ?" + order))
		{
			/* from the fifth time on the driver prepares it on the server */
			for (int turn = 0; turn < 10; turn++)
			{
				List<String> found = new ArrayList<>();

				select.setObject(1, new Value(type, query));
				select.setObject(2, new Value(type, query));
				try (ResultSet rows = select.executeQuery())
				{
					while (rows.next())
						found.add(String.format("%.4f", rows.getDouble(1)));
				}
				if (turn % 9 == 0)
					same(found, nearest(type, query), type + ": nearest of a parameter " + how + ", turn " + turn);
			}
		}
		try (PreparedStatement explain = connection.prepareStatement("EXPLAIN SELECT id" + order))
		{
			explain.setObject(1, new Value(type, query));
			try (ResultSet rows = explain.executeQuery())
			{
				while (rows.next())
					plan.append(rows.getString(1)).append('\n');
			}
		}
		check(plan.indexOf("Index Scan using items_" + type + "_v_idx") >= 0, type + ": by the index, " + how, plan);
	}

	static void testType(Connection connection, String type) throws Exception
	{
		int oid;
		boolean equal = true;

		execute(connection, "CREATE TABLE items_" + type + " (id integer PRIMARY KEY, v " + type + "(" + DIMS + "))");
		save(type, false, false, 1, 60);
		save(type, true, false, 61, 120);
		save(type, false, true, 121, 150);
		execute(connection, "CREATE INDEX ON items_" + type + " USING vecprov (v " + type + (type.equals("bit") ? "_hamming_ops)" : "_l2_ops)"));
		save(type, true, true, 151, 180);
		connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY items_" + type + " FROM STDIN (FORMAT binary)",
			new java.io.ByteArrayInputStream(copyData(type, 181, 260)));
		StringBuilder lines = new StringBuilder();
		for (int i = 261; i <= ROWS; i++)
			lines.append(i).append('\t').append(text(type, row(type, i))).append('\n');
		connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY items_" + type + " FROM STDIN",
			new StringReader(lines.toString()));

		try (Statement statement = connection.createStatement();
			 ResultSet rows = statement.executeQuery("SELECT id, v, '" + type + "'::regtype::oid FROM items_" + type + " ORDER BY id"))
		{
			int i = 0;

			oid = 0;
			while (rows.next())
			{
				oid = rows.getInt(3);
				equal = equal && rows.getInt(1) == ++i &&
					Arrays.equals(parse(type, rows.getString(2)), row(type, i)) &&
					(type.equals("bit") || ((PGobject) rows.getObject(2)).getType().equals(type));
			}
			check(equal && i == ROWS, type + ": batches and COPY, as they were sent", i);
		}
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		connection.unwrap(PGConnection.class).getCopyAPI().copyOut(
			"COPY (SELECT * FROM items_" + type + " ORDER BY id) TO STDOUT (FORMAT binary)", out);
		check(Arrays.equals(out.toByteArray(), copyData(type, 1, ROWS)), type + ": copied out in binary", out.size());

		search(connection, type, "in text");
		try (Connection binary = connect("binaryTransferEnable", String.valueOf(oid)))
		{
			search(binary, type, "in binary");
		}
	}

	public static void main(String[] args) throws Exception
	{
		try (Connection connection = connect())
		{
			execute(connection, "CREATE EXTENSION IF NOT EXISTS vecprov");
			for (String type : List.of("vector", "halfvec", "sparsevec", "bit"))
				testType(connection, type);
			try
			{
				execute(connection, "SELECT '[1,2]'::vector <-> '[1,2,3]'");
				check(false, "an error is raised", "none");
			}
			catch (SQLException error)
			{
				same(error.getSQLState(), "22000", "an error has its code");
			}
		}
		System.out.println("1.." + count);
	}
}
