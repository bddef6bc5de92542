INSERT INTO bill_month (source, month, track, cost) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (source, month, track) DO UPDATE SET cost = cost + excluded.cost
