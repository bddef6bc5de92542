INSERT INTO bill_share (source, day, track, what, n, cost) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (source, day, track, what) DO UPDATE SET n = n + excluded.n, cost = cost + excluded.cost
