INSERT INTO bill (source, day, what, n, cost) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (source, day, what) DO UPDATE SET n = n + excluded.n, cost = cost + excluded.cost
